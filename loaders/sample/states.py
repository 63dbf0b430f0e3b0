"""Brazilian states: the zip ranges of the post, and rounded shares of the market."""

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """A state: zip ranges, and its shares (per 10,000) of customers, sellers and zip prefixes."""

    code: str
    ranges: tuple[tuple[int, int], ...]
    customers: int
    sellers: int
    zips: int


STATES: tuple[State, ...] = (
    State("SP", ((1000, 19999),), 4198, 5974, 6349),
    State("RJ", ((20000, 28999),), 1292, 553, 1390),
    State("ES", ((29000, 29999),), 204, 74, 315),
    State("MG", ((30000, 39999),), 1170, 788, 1868),
    State("BA", ((40000, 48999),), 340, 61, 992),
    State("SE", ((49000, 49999),), 35, 6, 135),
    State("PE", ((50000, 56999),), 166, 29, 596),
    State("AL", ((57000, 57999),), 42, 0, 178),
    State("PB", ((58000, 58999),), 54, 19, 324),
    State("RN", ((59000, 59999),), 49, 16, 279),
    State("CE", ((60000, 63999),), 134, 42, 548),
    State("PI", ((64000, 64999),), 50, 3, 307),
    State("MA", ((65000, 65999),), 75, 3, 313),
    State("PA", ((66000, 68899),), 98, 3, 309),
    State("AP", ((68900, 68999),), 7, 0, 26),
    State("AM", ((69000, 69299), (69400, 69899)), 15, 3, 144),
    State("RR", ((69300, 69399),), 5, 0, 28),
    State("AC", ((69900, 69999),), 8, 3, 43),
    State("DF", ((70000, 72799), (73000, 73699)), 215, 97, 515),
    State("GO", ((72800, 72999), (73700, 76799)), 203, 129, 773),
    State("RO", ((76800, 76999),), 25, 6, 107),
    State("TO", ((77000, 77999),), 28, 0, 184),
    State("MT", ((78000, 78899),), 91, 13, 254),
    State("MS", ((79000, 79999),), 72, 16, 242),
    State("PR", ((80000, 87999),), 507, 1128, 1046),
    State("SC", ((88000, 89999),), 366, 614, 619),
    State("RS", ((90000, 99999),), 550, 417, 1131),
)
