"""A real OAuth 2 / OpenID Connect server for the tests of your application.

`Harness.start()` runs `registrar harness`, a Registrar on an in-memory database, and steers it: its users, clients,
clock, faults and tokens. Times are Unix seconds, spans are seconds. `registrar_harness.types` has the types of answers.
"""

from ._control import HarnessError, NotSeenError
from ._domain import Domain
from ._harness import Clock, Fault, Faults, Harness, Snapshot

start = Harness.start
connect = Harness.connect

__version__ = "0.1.0"
__all__ = [
    "Clock", "Domain", "Fault", "Faults", "Harness", "HarnessError", "NotSeenError", "Snapshot", "connect", "start"
]  # fmt: skip
