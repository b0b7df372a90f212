"""The JSON reader under everything that is JSON (tokenizer.json first): all events of a 9 MB file of that shape, beside parsers that Python users have.

The peers build Python objects (there is no other way to have what they read), the reader hands out events; both check the whole grammar and UTF-8.
"""

import json
import random
import statistics
import subprocess

import orjson
import rounds

FILE = rounds.DATA / "tokenizer_like.json"
COUNT = 15


def make_file():
    """A vocabulary of 128,000 pieces, four in five of Latin letters, one in fifty with an escape, and 140,000 merges, as in a large tokenizer.json."""
    chosen = random.Random(1)
    alphabets = ["abcdefghijklmnopqrstuvwxyz"] * 40 + ["éüßñåøçèêabcdefg", "中文字漢語人大小"] * 4 + ["かなカナ", '"\\abc'] * 1
    pieces = {}
    while len(pieces) < 128_000:
        piece = "".join(chosen.choices(chosen.choice(alphabets), k=chosen.randint(1, 11)))
        pieces[("Ġ" if chosen.random() < 0.5 else "") + piece] = None
    pieces = list(pieces)
    merges = [f"{chosen.choice(pieces)} {chosen.choice(pieces)}" for _ in range(140_000)]
    model = {"type": "BPE", "dropout": None, "vocab": {piece: number for number, piece in enumerate(pieces)}, "merges": merges}
    text = json.dumps({"version": "1.0", "added_tokens": [], "model": model}, ensure_ascii=False, indent=2)
    FILE.write_text(text, encoding="utf-8")


def main():
    if not FILE.exists():
        make_file()
    data = FILE.read_bytes()
    command = rounds.COMMAND.parent.parent / "plain/bench/bench_json_events"
    ours = [
        float(line.split()[2])
        for line in subprocess.run([command, FILE, str(COUNT)], check=True, capture_output=True, text=True).stdout.splitlines()
    ]
    times = {"Bedplate": ours}
    times |= rounds.rounds({"orjson": lambda: orjson.loads(data), "json": lambda: json.loads(data)}, COUNT)
    print(
        f"## JSON, {len(data) / 1e6:.1f} MB of the shape of a tokenizer.json\n\nMB/s, median (least–most) of {COUNT}; one thread\n"
    )
    speeds = {name: [len(data) / 1e6 / each for each in some] for name, some in times.items()}
    row = [f"{statistics.median(some):.0f} ({min(some):.0f}–{max(some):.0f})" for some in speeds.values()]
    rounds.print_table(list(speeds), [row])


main()
