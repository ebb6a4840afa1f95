"""What the server that workers are forked from imports: all that units need, with no look for garbage meanwhile.

What was imported is then out of the collector's sight, in the server and in every worker: a collection, of which
each training makes one, looks at a training's own objects and not at a million of torch's.
"""

import gc
from importlib import import_module

gc.disable()
import_module("apportion.studies.work")
gc.freeze()
gc.enable()
