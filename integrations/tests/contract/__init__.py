"""What every vendor folder must keep, whoever wrote it: checks that take a vendor and raise AssertionError with the reason."""
