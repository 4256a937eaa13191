"""The second factor: passkeys, an authenticator app and recovery codes, asked for at sign-in and before what matters most."""
