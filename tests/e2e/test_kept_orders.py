#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every order of restarts, with a broker that keeps on its disk what is retained, as most at home do."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_home_assistant  # noqa: E402
from harness import Home  # noqa: E402


class KeptOrders(test_home_assistant.Orders):
    def make_home(self):
        return Home(broker_options="persistence true\nautosave_on_changes true\nautosave_interval 1")


if __name__ == "__main__":
    unittest.main()
