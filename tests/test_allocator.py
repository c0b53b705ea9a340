import subprocess
import sys

PROGRAM = """
import gc
from vistobueno.web.app import parts
from vistobueno.web.middleware.allocator import freeze
loaded = len(gc.get_objects())
freeze()
print(len(gc.get_objects()) < loaded / 10)
"""


def test_what_was_loaded_is_searched_for_garbage_no_more() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
