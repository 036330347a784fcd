"""Turns the name of a module that cannot be imported into the names of packages that may provide it.

`PROVIDERS` are known ones that are called otherwise, from the projects' own documentation. Any other module is looked
for under its own name; whether such a package exists, and is one for Python, the channels say (`providers`).
"""

from __future__ import annotations

import sys
from typing import NamedTuple


class Provider(NamedTuple):
    """The package's name on conda-forge (None: not there) and on PyPI."""

    conda: str | None
    pypi: str


class Candidates(NamedTuple):
    """Names to be looked for, best first, for the part of a module's name that they stand for (`module`).

    `known` are those of the table; the others are the module's own name.
    """

    module: str
    conda: tuple[str, ...] = ()
    pypi: tuple[str, ...] = ()
    known: bool = False


def candidates(module: str, *, shared: bool = False) -> Candidates:
    """Where `import module` may come from; nothing for the standard library's own modules and for private ones.

    `shared` says that the first part of the name is a namespace that several distributions share (as `google` is):
    then `google.cloud.storage` is looked for as `google-cloud-storage`, and not as `google`.
    """
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        part = ".".join(parts[:length])
        known = PROVIDERS.get(part)
        if known is not None:
            return Candidates(part, (known.conda,) if known.conda else (), (known.pypi,), True)
    top = parts[0]
    if not is_open(module):
        return Candidates(module)
    if shared or top in NAMESPACES:
        joined = [sep.join(parts[:n]).replace("_", "-").lower() for n in range(len(parts), 1, -1) for sep in ("-", ".")]
        names = tuple(dict.fromkeys(joined))
        return Candidates(module, names, names)
    plain = top.lower()
    return Candidates(top, tuple(dict.fromkeys((plain, plain.replace("_", "-"), f"python-{plain}"))), (top,))


def is_open(module: str) -> bool:
    """Whether a package may provide a module: not one of the standard library's, and not a private one."""
    top = module.partition(".")[0]
    return top not in sys.stdlib_module_names and top not in GONE and not top.startswith("_")


NAMESPACES = frozenset(
    ["azure", "backports", "google", "jaraco", "mpl_toolkits", "opentelemetry", "ruamel", "sphinxcontrib", "zope"]
)
"""Top-level names that many distributions share."""

GONE = frozenset(
    """
    asynchat asyncore audioop binhex cgi cgitb chunk crypt formatter imghdr imp mailcap msilib nis nntplib ossaudiodev
    parser pipes smtpd sndhdr spwd sunau symbol telnetlib uu xdrlib
    """.split()  # noqa: SIM905
)
"""Modules that the standard library had in older versions of Python: no package is meant by their names."""

PROVIDERS: dict[str, Provider] = {
    "attr": Provider("attrs", "attrs"),
    "Bio": Provider("biopython", "biopython"),
    "bs4": Provider("beautifulsoup4", "beautifulsoup4"),
    "cairo": Provider("pycairo", "pycairo"),
    "Crypto": Provider("pycryptodome", "pycryptodome"),
    "cv2": Provider("opencv", "opencv-python"),
    "cartopy": Provider("cartopy", "Cartopy"),
    "distutils": Provider("setuptools", "setuptools"),
    "dateutil": Provider("python-dateutil", "python-dateutil"),
    "docx": Provider("python-docx", "python-docx"),
    "dotenv": Provider("python-dotenv", "python-dotenv"),
    "faiss": Provider("faiss-cpu", "faiss-cpu"),
    "fitz": Provider("pymupdf", "PyMuPDF"),
    "flask_cors": Provider("flask-cors", "flask-cors"),
    "git": Provider("gitpython", "GitPython"),
    "github": Provider("pygithub", "PyGithub"),
    "google.protobuf": Provider("protobuf", "protobuf"),
    "graphviz": Provider("python-graphviz", "graphviz"),
    "igraph": Provider("python-igraph", "igraph"),
    "jose": Provider("python-jose", "python-jose"),
    "jwt": Provider("pyjwt", "PyJWT"),
    "kafka": Provider("kafka-python", "kafka-python"),
    "ldap": Provider("python-ldap", "python-ldap"),
    "Levenshtein": Provider("python-levenshtein", "Levenshtein"),
    "magic": Provider("python-magic", "python-magic"),
    "mpl_toolkits.basemap": Provider("basemap", "basemap"),
    "mpl_toolkits.mplot3d": Provider("matplotlib", "matplotlib"),
    "msgpack": Provider("msgpack-python", "msgpack"),
    "MySQLdb": Provider("mysqlclient", "mysqlclient"),
    "nacl": Provider("pynacl", "PyNaCl"),
    "netCDF4": Provider("netcdf4", "netCDF4"),
    "OpenGL": Provider("pyopengl", "PyOpenGL"),
    "OpenSSL": Provider("pyopenssl", "pyOpenSSL"),
    "osgeo": Provider("gdal", "GDAL"),
    "PIL": Provider("pillow", "pillow"),
    "pptx": Provider("python-pptx", "python-pptx"),
    "pkg_resources": Provider("setuptools", "setuptools"),
    "psycopg2": Provider("psycopg2", "psycopg2-binary"),
    "pylab": Provider("matplotlib", "matplotlib"),
    "PyQt5": Provider("pyqt", "PyQt5"),
    "pywt": Provider("pywavelets", "PyWavelets"),
    "rest_framework": Provider("djangorestframework", "djangorestframework"),
    "ruamel.yaml": Provider("ruamel.yaml", "ruamel.yaml"),
    "serial": Provider("pyserial", "pyserial"),
    "skimage": Provider("scikit-image", "scikit-image"),
    "sklearn": Provider("scikit-learn", "scikit-learn"),
    "skmisc": Provider("scikit-misc", "scikit-misc"),
    "slugify": Provider("python-slugify", "python-slugify"),
    "snappy": Provider("python-snappy", "python-snappy"),
    "socks": Provider("pysocks", "PySocks"),
    "tables": Provider("pytables", "tables"),
    "talib": Provider("ta-lib", "TA-Lib"),
    "telegram": Provider("python-telegram-bot", "python-telegram-bot"),
    "tlz": Provider("toolz", "toolz"),
    "torch": Provider("pytorch", "torch"),
    "torch_geometric": Provider("pytorch_geometric", "torch-geometric"),
    "umap": Provider("umap-learn", "umap-learn"),
    "usb": Provider("pyusb", "pyusb"),
    "websocket": Provider("websocket-client", "websocket-client"),
    "wx": Provider("wxpython", "wxPython"),
    "yaml": Provider("pyyaml", "PyYAML"),
    "zmq": Provider("pyzmq", "pyzmq"),
}
