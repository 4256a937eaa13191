"""What vendors post to us: verified, stored, answered fast, handed on. What a body says is never believed, it is read again.

    view → checking → keeping → (answer) … hinting → reading → asking → the run of a flow

`hook.py` has what a vendor declares; `addresses.py` the secret paths; `tending.py` what is set up and kept up at the vendor.
"""
