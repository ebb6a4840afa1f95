"""Making room: a place that cannot be written is told before the work, not when it is done."""

from pathlib import Path

from apportion.errors import UserError


def make_room_for_file(option: str, path: Path) -> None:
    """Raise `UserError` if the file cannot be written; makes its folder and leaves nothing else behind."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        path.open("a").close()
        if is_new:
            path.unlink()
    except OSError as error:
        raise UserError(f"{option} {path}", _found(error), "a file", "Choose another place.") from None


def make_room_for_folder(option: str, path: Path) -> None:
    """Raise `UserError` if no file can be written into the folder; leaves no folder that was not there."""
    made = [one for one in (path, *path.parents) if not one.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".room"
        probe.touch()
        probe.unlink()
    except FileExistsError:
        raise UserError(f"{option} {path}", "a file", "a folder to write to", "Name another.") from None
    except OSError as error:
        raise UserError(f"{option} {path}", _found(error), "a folder", "Choose another place.") from None
    finally:
        for one in made:  # the innermost first
            if one.is_dir():
                one.rmdir()


def _found(error: OSError) -> str:
    return f"a place that cannot be written ({error.strerror})"
