"""Lets `python -m apportion` do what the command `apportion` does."""

from apportion.cli.app import main

if __name__ == "__main__":
    main()
