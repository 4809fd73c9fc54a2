"""Entry point of ``etl`` and ``python -m etl``."""


def main() -> None:
    """Run the command line and exit with its code."""
    from etl.cli import run_command_line  # noqa: PLC0415 - importing etl.__main__ opens nothing

    run_command_line()


if __name__ == "__main__":
    main()
