"""Turns the name of an import into the packages that provide it, where they are called otherwise.

From the projects' own documentation; a name that is not here is taken to be the package's own.
"""

from __future__ import annotations

from typing import NamedTuple


class Provider(NamedTuple):
    """The package's name on conda-forge (None: not there) and on PyPI."""

    conda: str | None
    pypi: str


def provider(module: str) -> Provider:
    """What to add for `import module`."""
    top = module.partition(".")[0]
    return PROVIDERS.get(module) or PROVIDERS.get(top) or Provider(top.lower(), top)


PROVIDERS: dict[str, Provider] = {
    "attr": Provider("attrs", "attrs"),
    "Bio": Provider("biopython", "biopython"),
    "bs4": Provider("beautifulsoup4", "beautifulsoup4"),
    "cairo": Provider("pycairo", "pycairo"),
    "Crypto": Provider("pycryptodome", "pycryptodome"),
    "cv2": Provider("opencv", "opencv-python"),
    "cartopy": Provider("cartopy", "Cartopy"),
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
    "mpl_toolkits": Provider("matplotlib", "matplotlib"),
    "msgpack": Provider("msgpack-python", "msgpack"),
    "MySQLdb": Provider("mysqlclient", "mysqlclient"),
    "nacl": Provider("pynacl", "PyNaCl"),
    "netCDF4": Provider("netcdf4", "netCDF4"),
    "OpenGL": Provider("pyopengl", "PyOpenGL"),
    "OpenSSL": Provider("pyopenssl", "pyOpenSSL"),
    "osgeo": Provider("gdal", "GDAL"),
    "PIL": Provider("pillow", "pillow"),
    "pptx": Provider("python-pptx", "python-pptx"),
    "psycopg2": Provider("psycopg2", "psycopg2-binary"),
    "pylab": Provider("matplotlib", "matplotlib"),
    "PyQt5": Provider("pyqt", "PyQt5"),
    "pywt": Provider("pywavelets", "PyWavelets"),
    "rest_framework": Provider("djangorestframework", "djangorestframework"),
    "ruamel": Provider("ruamel.yaml", "ruamel.yaml"),
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
