"""`apportion data`: the public sets, and a check of the user's own files."""

import dataclasses
import difflib
import os
import sys
from pathlib import Path
from typing import Literal

import cyclopts

from apportion.cli.json_document import print_json
from apportion.cli.terminal import for_terminal
from apportion.errors import UserError
from apportion.judgements.catalogue import catalogue, public_set
from apportion.judgements.contamination import contamination, refuse_contamination
from apportion.judgements.fetching import fetch
from apportion.judgements.readers import Reading, held_out_prompts, parse_demonstrations, parse_pairs
from apportion.judgements.rows import read_rows
from apportion.judgements.summary import summarise
from apportion.signed.catalogue import NETWORKS, PublicNetwork, public_network

SHOWN_FINDINGS = 20
Kind = Literal["demonstrations", "pairs"]

app = cyclopts.App(
    name="data", help="Public sets of judgements, public signed networks, and checks of your own files."
)


@app.command(name="list")
def list_(*, json: bool = False) -> None:
    """List the public sets and signed networks that Apportion knows: rows, kind, licence, home.

    Parameters
    ----------
    json: bool
        Print one JSON document with every field, the hashes among them.
    """
    if json:
        sets = [dataclasses.asdict(entry) | {"file": entry.file} for entry in catalogue()]
        networks = [
            dataclasses.asdict(entry) | {"kind": "network", "rows": entry.events} for entry in NETWORKS
        ]
        print_json(sets + networks)
        return
    width = max(len(entry.name) for entry in catalogue())
    for entry in catalogue():
        print(f"{entry.name:{width}}  {entry.rows:5}  {entry.kind:14}  {entry.about}")
        print(f"{'':{width}}  {'':5}  {'':14}  {entry.licence}; {entry.home}")
        if entry.caution:
            print(f"{'':{width}}  {'':5}  {'':14}  {entry.caution}")
    for network in NETWORKS:
        share = f"{network.users:,} users, {network.negatives / network.events:.1%} negative, {network.span}"
        print(f"{network.name:{width}}  {network.events:5}  {'network':14}  {network.about}")
        print(f"{'':{width}}  {'':5}  {'':14}  {share}; {network.home}")


@app.command(name="fetch")
def fetch_(name: str, *, out: Path = Path("data"), json: bool = False) -> None:
    """Put the file of a public set or signed network into a folder, its hash or counts checked.

    Taken from $APPORTION_DATA (text or signed) if it is there, else from its home. The download of a network that
    broke off is gone on with by the same command.

    Parameters
    ----------
    name: str
        A name of `apportion data list`.
    out: Path
        The folder to write to.
    json: bool
        Print one JSON document.
    """
    network = public_network(name)
    if network is not None:
        _fetch_network(network, out, json)
        return
    entry = public_set(_known(name))
    fetched = fetch(entry, out, os.environ.get("APPORTION_DATA"))
    if json:
        told = {"name": entry.name, "path": str(fetched.path), "origin": fetched.origin, "rows": entry.rows}
        print_json(told | {"licence": entry.licence, "caution": entry.caution or None})
        return
    print(f"{fetched.path}: {entry.rows} rows, {entry.licence}; {fetched.origin}")
    if entry.caution:
        print(entry.caution)


@app.command
def check(
    file: str,
    *,
    kind: Kind | None = None,
    against: str | None = None,
    allow_contamination: bool = False,
    columns: dict[str, str] | None = None,
    json: bool = False,
) -> None:
    """Check a file of demonstrations or pairs; every fault is one line, and the exit status is then 2.

    Parameters
    ----------
    file: str
        A .jsonl, .json, .csv (each also .gz) or .parquet file, a folder of such files, or hf:owner/name.
    kind: Kind
        What the file holds; without it, pairs if it has the columns chosen and rejected.
    against: str
        A held-out file, of which the prompts are read: those that are in both are refused.
    allow_contamination: bool
        Count the prompts that are in both, and go on.
    columns: dict[str, str]
        Which column a field is in, for example --columns.response chosen.
    json: bool
        Print one JSON document.
    """
    found_kind, reading = _reading(file, kind, columns or {})
    shared: int | None = None
    if against is not None:
        tested, faults = held_out_prompts(against)
        if faults and not tested:
            raise faults[0].error()
        if faults:
            print(f"{against}: faulty rows left out: {len(faults)}", file=sys.stderr)
        train = [row.prompt for row in reading.judgements]
        if json:
            shared = len(contamination(train, tested))
        else:
            shared = refuse_contamination(train, tested, f"{file} against {against}", allow_contamination)
    is_sound = not reading.findings and (not shared or allow_contamination)
    summary = summarise(reading.judgements)
    lines = [str(finding.error()) for finding in reading.findings]
    if json:
        document = {"file": file, "kind": found_kind, "sound": is_sound, "faulty_rows": len(lines)}
        print_json(document | dataclasses.asdict(summary) | {"shared_prompts": shared, "findings": lines})
    else:
        for line in lines[:SHOWN_FINDINGS]:
            print(for_terminal(line), file=sys.stderr)
        if len(lines) > SHOWN_FINDINGS:
            print(f"{file}: {len(lines) - SHOWN_FINDINGS} more faulty rows.", file=sys.stderr)
        if summary.rows:
            counts = f"{summary.unique_prompts} prompts, {len(lines)} faulty rows"
            lengths = ", ".join(f"{name} {value:.0f}" for name, value in summary.median_characters.items())
            print(f"{file}: {summary.rows} {found_kind}, {counts}")
            print(f"repeated rows {summary.repeated_rows}, chats {summary.chat_rows}")
            print(f"median characters: {lengths}")
        if shared is not None:
            print(f"prompts shared with {against}: {shared}")
    if not is_sound:
        sys.exit(2)


def _fetch_network(network: PublicNetwork, out: Path, json: bool) -> None:
    from apportion.signed.fetching import fetch_network

    fetched = fetch_network(network, out, os.environ.get("APPORTION_DATA"))
    read = fetched.read
    if json:
        told = {"name": network.name, "path": str(fetched.path), "origin": fetched.origin}
        counted = {"events": len(read.events), "users": read.events.n_users, "dropped": dict(read.dropped)}
        print_json(told | counted | {"cite": network.cite})
        return
    dropped = ", ".join(f"{count:,} {reason}" for reason, count in read.dropped.items())
    counts = f"{len(read.events):,} events, {read.events.n_users:,} users"
    print(f"{fetched.path}: {counts}; {fetched.origin}")
    if dropped:
        print(f"dropped in reading: {dropped}")
    print(f"To cite: {network.cite}. See it: apportion signed info {fetched.path}")


def _known(name: str) -> str:
    """Return the name, unless it is nearly that of a network: then raise `UserError` with that one."""
    near = difflib.get_close_matches(name, [network.name for network in NETWORKS], n=1, cutoff=0.7)
    if near:
        raise UserError(
            "the catalogue", f"no set named '{name}'", "one of its names", f"Did you mean {near[0]}?"
        )
    return name


def _reading(source: str, kind: Kind | None, columns: dict[str, str]) -> tuple[Kind, Reading]:
    rows = read_rows(source)
    if kind is None:
        names = {name for row in rows for name in row.values}
        has_pairs = {"chosen", "rejected"} <= names and "response" not in columns
        kind = "pairs" if has_pairs or "rejected" in columns else "demonstrations"
    parse = {"pairs": parse_pairs, "demonstrations": parse_demonstrations}[kind]
    return kind, parse(rows, columns)
