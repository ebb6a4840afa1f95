"""How fast signed networks are generated, written and read, in CPU seconds and resident memory.

    python -m benchmarks.signed_reading [--events 10000000]

Each reading runs in a process of its own, so that its peak of memory is its own. The store itself takes 32 bytes an
event; the ids of the second file are text, those of the third mixed with comments and spaces as KONECT has them.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from apportion.signed.events import Events
from apportion.signed.generator import NetworkSettings, generate
from apportion.signed.readers import read_events
from apportion.signed.tables import to_frame
from apportion.signed.writing import write_events


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--read", type=Path, help="read this file in this process and print one JSON line")
    arguments = parser.parse_args()
    if arguments.read:
        print(json.dumps(measured(arguments.read)))
        return
    settings = {
        "6,000 users": NetworkSettings(users=6_000, events=arguments.events),
        "a user for 10 events, growing": NetworkSettings(
            users=max(arguments.events // 10, 2), events=arguments.events, growth=True
        ),
    }
    print(f"{arguments.events:,} events                     CPU s   peak MB")
    with tempfile.TemporaryDirectory() as folder:
        for name, chosen in settings.items():
            started = time.process_time()
            events = generate(chosen)
            print(f"generate, {name:30} {time.process_time() - started:6.1f}")
            for kind, path in written(events, Path(folder)).items():
                command = [sys.executable, "-m", "benchmarks.signed_reading", "--read", str(path)]
                found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
                assert found["events"] == len(events) and found["users"] == events.n_users, found
                line = f"  read {kind:33} {found['seconds']:6.1f}   {found['megabytes']:7,.0f}"
                print(line, flush=True)
                path.unlink()


def measured(path: Path) -> dict[str, float]:
    started = time.process_time()
    read = read_events(path)
    return {
        "seconds": time.process_time() - started,
        "megabytes": int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1e3,
        "events": len(read.events),
        "users": read.events.n_users,
    }


def written(events: Events, folder: Path) -> dict[str, Path]:
    paths = {
        "SNAP CSV": folder / "plain.csv",
        "SNAP CSV, ids as text": folder / "text.csv",
        "SNAP CSV, gzip": folder / "packed.csv.gz",
        "KONECT": folder / "out.konect",
        "Parquet": folder / "columns.parquet",
    }
    for name in ("SNAP CSV", "SNAP CSV, gzip", "Parquet"):
        write_events(events, paths[name])
    frame = to_frame(events).select("source", "target", "weight", "time")
    text = frame.with_columns(pl.format("user-{}", pl.col(name)).alias(name) for name in ("source", "target"))
    text.write_csv(paths["SNAP CSV, ids as text"], include_header=False)
    with paths["KONECT"].open("wb") as file:
        file.write(b"% asym signed\n")
        frame.write_csv(file, include_header=False, separator=" ")
    return paths


if __name__ == "__main__":
    main()
