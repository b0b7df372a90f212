from bedplate.dbapi import BINARY as BINARY
from bedplate.dbapi import DATETIME as DATETIME
from bedplate.dbapi import NUMBER as NUMBER
from bedplate.dbapi import ROWID as ROWID
from bedplate.dbapi import STRING as STRING
from bedplate.dbapi import Binary as Binary
from bedplate.dbapi import Connection as Connection
from bedplate.dbapi import Cursor as Cursor
from bedplate.dbapi import Date as Date
from bedplate.dbapi import DateFromTicks as DateFromTicks
from bedplate.dbapi import Time as Time
from bedplate.dbapi import TimeFromTicks as TimeFromTicks
from bedplate.dbapi import Timestamp as Timestamp
from bedplate.dbapi import TimestampFromTicks as TimestampFromTicks
from bedplate.dbapi import Warning as Warning
from bedplate.dbapi import apilevel as apilevel
from bedplate.dbapi import connect as connect
from bedplate.dbapi import paramstyle as paramstyle
from bedplate.dbapi import threadsafety as threadsafety
from bedplate.default import config as config
from bedplate.default import execute as execute
from bedplate.default import executemany as executemany
from bedplate.default import register as register
from bedplate.default import sql as sql
from bedplate.default import unregister as unregister
from bedplate.frame import DataFrame as DataFrame
from bedplate.frame import LazyFrame as LazyFrame
from bedplate.frame import from_arrow as from_arrow
from bedplate.frame import from_dict as from_dict
from bedplate.frame import from_numpy as from_numpy
from bedplate.frame import from_pandas as from_pandas
from bedplate.frame import from_polars as from_polars

__version__: str

class Error(Exception): ...
class InterfaceError(Error): ...
class DatabaseError(Error): ...
class DataError(DatabaseError): ...
class OperationalError(DatabaseError): ...
class IntegrityError(DatabaseError): ...
class InternalError(DatabaseError): ...
class ProgrammingError(DatabaseError): ...
class NotSupportedError(DatabaseError): ...
