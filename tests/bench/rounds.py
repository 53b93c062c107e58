"""Measures in turns, so that what slows the machine for a while slows everyone."""


def alternate(subjects, count, measure):
    """`count` rounds in which each subject is measured once, in the other order every other round.

    `subjects` are names with what to hand to `measure`; the result is one dictionary a round,
    with what `measure` returned by the subject's name.
    """
    rounds = []
    for index in range(count):
        names = list(subjects)
        if index % 2:
            names.reverse()
        rounds.append({name: measure(subjects[name]) for name in names})
    return rounds
