"""Random dirty files and the rows that pandas.read_csv makes of them: writes pandas_rows_golden.json.

  python tests/golden/pandas_rows_golden.py    (pandas from PyPI; the file names the version)"""
import io
import json
import os
import random

import pandas as pd

PIECES = ['a', 'b1', '0', '42', '"', '""', ';', '\\"', '\\', ' ', '"x"', '"y;z"', '"q""r"', '"s\\"t"', '\n', '\r\n', '"u\nv"', '', '&amp;', "'"]


def field(draw):
    kind = draw.random()
    if kind < 0.55:
        return '"' + draw.choice(["1", "22", "a b", "x", "", "7", "j;k", 'l""m', "n&amp;o"]) + '"'
    if kind < 0.8:
        return draw.choice(["1", "22", "x", "", " 7", "8 ", "9.5"])
    return "".join(draw.choice(PIECES[:12]) for _ in range(draw.randint(0, 4)))


def text(draw):
    columns = draw.randint(2, 4)
    end = draw.choice(["\n", "\n", "\n", "\r\n", "\r"])
    # After a blank line that ends in a bare CR pandas loses a separator: its slip, not ours to copy.
    blank = ['""'] if end == "\r" else ["", " ", '""']
    lines = [";".join(f'"c{i}"' for i in range(columns))]
    for _ in range(draw.randint(1, 9)):
        kind = draw.random()
        if kind < 0.08:
            lines.append(draw.choice(blank))
            continue
        count = columns if kind < 0.75 else draw.randint(1, columns + 2)
        fields = [field(draw) for _ in range(count)]
        lines.append(";".join(fields))
    return end.join(lines) + (end if draw.random() < 0.8 else "")


def main():
    draw = random.Random(20261121)
    cases = []
    while len(cases) < 400:
        content = text(draw)
        case = {"text": content}
        try:
            frame = pd.read_csv(io.BytesIO(content.encode("latin-1")), sep=";", encoding="latin-1", on_bad_lines="skip", dtype=str,
                                keep_default_na=False)
            case["rows"] = [["" if pd.isna(v) else str(v) for v in row] for row in frame.itertuples(index=False, name=None)]
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            case["error"] = str(error)
        cases.append(case)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pandas_rows_golden.json")
    with open(path, "w") as out:
        json.dump({"pandas": pd.__version__, "cases": cases}, out, indent=0)
    print(sum("error" in c for c in cases), "errors of", len(cases))


if __name__ == "__main__":
    main()
