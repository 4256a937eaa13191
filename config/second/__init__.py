"""The second factor: an authenticator app and recovery codes, asked for at sign-in and before what matters most."""
