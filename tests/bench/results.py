"""What a row of the table is, when a budget is met, and how the table is written."""
import dataclasses
import statistics

# What one machine's measurements differ by when nothing has changed (docs/benchmarks.md).
TOLERANCE = 0.08


@dataclasses.dataclass
class Budget:
    """A limit on the ratio to the reference, or on the value where there is no reference."""
    limit: float
    at_least: bool = False

    def __str__(self):
        return ("≥ " if self.at_least else "≤ ") + f"{self.limit:g}"

    def verdict(self, number):
        short = (self.limit - number if self.at_least else number - self.limit) / self.limit
        if short <= 0:
            return "met"
        return "met within noise" if short <= TOLERANCE else "NOT MET"


def at_most(limit):
    return Budget(limit)


def at_least(limit):
    return Budget(limit, at_least=True)


@dataclasses.dataclass
class Result:
    """One line of the table. `rounds` is whatever was measured, for --json."""
    what: str
    unit: str
    value: float = None          # tallyfs
    reference: float = None      # what it is measured against
    ratio: float = None
    budget: Budget = None
    rounds: list = None
    note: str = ""               # a sentence below the table
    failed: str = ""
    of_reference: str = "nginx"  # what the reference is
    judged: str = "ratio"        # what has the budget: "ratio" or "value"

    def verdict(self):
        if self.failed:
            return "FAILED"
        if self.budget is None:
            return ""
        number = self.value if self.judged == "value" else self.ratio
        return self.budget.verdict(number) if number is not None else "no reference"

    def as_json(self):
        fields = dataclasses.asdict(self)
        fields["budget"] = str(self.budget) if self.budget else None
        fields["verdict"] = self.verdict()
        return fields


def compared(what, unit, rounds, field, budget=None, note="", reference="nginx", shown_as=None):
    """Two lines: tallyfs against a reference, and the reference against itself to show the noise.

    `rounds` is what rounds.alternate() returned, with the subjects tallyfs, the reference (shown
    by another name, if one is given) and again. The ratio is the median of the rounds' ratios, so
    that what disturbs a whole round cancels out.
    """
    shown_as = shown_as or reference

    def middle(name):
        return statistics.median(each[name][field] for each in rounds)

    def ratio(name):
        return statistics.median(each[name][field] / each[reference][field] for each in rounds)
    if reference not in rounds[0]:
        return [Result(what, unit, middle("tallyfs"), None, None, budget, rounds, note)]
    return [
        Result(what, unit, middle("tallyfs"), middle(reference), ratio("tallyfs"), budget, rounds,
               note, of_reference=shown_as),
        Result(f"  noise: {shown_as} against itself", unit, middle("again"), middle(reference),
               ratio("again"), of_reference=shown_as),
    ]


def shown(number):
    """Three digits that mean something."""
    if number is None:
        return "–"
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def table(results):
    """Markdown that lines up, so that it can be read in a terminal and pasted into the README."""
    lines = [["what", "unit", "tallyfs", "reference", "ratio", "budget", ""]]
    for result in results:
        reference = shown(result.reference)
        if result.reference is not None:
            reference += f" ({result.of_reference})"
        lines.append([result.what, result.unit, shown(result.value), reference,
                      "–" if result.ratio is None else f"{result.ratio:.2f}",
                      str(result.budget) if result.budget else "–", result.verdict()])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    numbers = (2, 3, 4, 5)

    def row(cells):
        return "| " + " | ".join(
            cell.rjust(width) if i in numbers else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths))) + " |"
    rule = "|" + "|".join(
        "-" * (width + 1) + ":" if i in numbers else "-" * (width + 2)
        for i, width in enumerate(widths)) + "|"
    notes = [f"- {result.what}: {result.failed or result.note}"
             for result in results if result.failed or result.note]
    return "\n".join([row(lines[0]), rule, *map(row, lines[1:])] + ([""] + notes if notes else []))
