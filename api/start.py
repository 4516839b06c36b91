"""Where the command `yougang` begins: the program is read in without the collector, which would search it each time.

A quarter of the time until a command answers went into that (`python -X importtime -c "import api.cli"`).
"""

import gc


def main() -> None:
    """Read the program in and run the command line."""
    gc.disable()
    from api.cli import main as run_command  # after the collector is off: that is what this module is for

    # What was read in stays until the end: nothing of it is looked at again, nor copied where processes part.
    gc.freeze()
    gc.enable()
    run_command()


if __name__ == "__main__":
    main()
