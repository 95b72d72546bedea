"""``python -m selflearn``: the command line, where the script is not on the path."""

from selflearn.cli import main

if __name__ == "__main__":
    main()
