"""The catalogue of public signed networks: what each is, its home, and what its file is held to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublicNetwork:
    """One public network, kept under the name of its home's file.

    A download is held to `content_sha256`, the SHA-256 of the uncompressed file, where it is known, and always to
    `events` and `negatives`: signed, dated votes, self loops and exact duplicates among them, and how many of them
    are negative, within a share of `tolerance` where the numbers are a third party's.
    """

    name: str
    about: str
    file: str
    url: str
    home: str
    licence: str
    users: int
    events: int
    negatives: int
    span: str
    cite: str
    content_sha256: str | None = None
    tolerance: float = 0.0


SNAP = "Stanford Large Network Dataset Collection (SNAP)"
NOT_STATED = "not stated by its home: cite the papers"
BITCOIN_PAPERS = "Kumar, Spezzano, Subrahmanian, Faloutsos (ICDM 2016); Kumar et al. (WSDM 2018)"

NETWORKS = (
    PublicNetwork(
        name="bitcoin-otc",
        about="Who trusts whom on Bitcoin OTC, -10 to 10",
        file="soc-sign-bitcoinotc.csv.gz",
        url="https://snap.stanford.edu/data/soc-sign-bitcoinotc.csv.gz",
        home=SNAP,
        licence=NOT_STATED,
        users=5_881,
        events=35_592,
        negatives=3_563,
        span="2010-11 to 2016-01",
        cite=BITCOIN_PAPERS,
        content_sha256="76bd9d8f1d3ff9a1813d9fc8e6902a0ee4d0a2f8c1003842dbc9ec79149ab60c",
    ),
    PublicNetwork(
        name="bitcoin-alpha",
        about="Who trusts whom on Bitcoin Alpha, -10 to 10; times are whole days",
        file="soc-sign-bitcoinalpha.csv.gz",
        url="https://snap.stanford.edu/data/soc-sign-bitcoinalpha.csv.gz",
        home=SNAP,
        licence=NOT_STATED,
        users=3_783,
        events=24_186,
        negatives=1_536,
        span="2010-11 to 2016-01",
        cite=BITCOIN_PAPERS,
        content_sha256="1b2a970f327d0ceba0c57bd5919670257cbe4cc0704e2ddac09abc4b08e2ca4d",
    ),
    PublicNetwork(
        name="wiki-rfa",
        about="Votes on requests for adminship of Wikipedia, -1 or 1",
        file="wiki-RfA.txt.gz",
        url="https://snap.stanford.edu/data/wiki-RfA.txt.gz",
        home=SNAP,
        licence=NOT_STATED,
        users=10_600,
        events=170_500,
        negatives=38_355,
        span="2004-05 to 2013-06",
        cite="West, Paskov, Leskovec, Potts (TACL 2014)",
        tolerance=0.01,
    ),
    PublicNetwork(
        name="epinions",
        about="Who trusts and distrusts whom on Epinions, -1 or 1",
        file="download.tsv.epinions.tar.bz2",
        url="http://konect.cc/files/download.tsv.epinions.tar.bz2",
        home="The KONECT Project",
        licence=NOT_STATED,
        users=131_828,
        events=841_372,
        negatives=123_705,
        span="2001-01 to 2003-08",
        cite="Massa, Avesani (2005); Kunegis (WWW 2013 Companion)",
        tolerance=0.001,
    ),
)
"""The counts of Bitcoin are SNAP's; those of Wiki-RfA and Epinions a third party's."""


def public_network(name: str) -> PublicNetwork | None:
    """Return the network of that name or file name, None if there is none."""
    return next((network for network in NETWORKS if name in (network.name, network.file)), None)
