"""Runs the tests beside this file; `python -m runner PART…` those in files whose names contain one of the parts.

The last line counts them: `N passed, N failed`, and the skipped if there are any.
"""

import pathlib
import sys
import unittest


class CountingResult(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main(parts):
    folder = pathlib.Path(__file__).parent
    names = sorted(file.stem for file in folder.glob("test_*.py"))
    chosen = [name for name in names if not parts or any(part in name for part in parts)]
    suite = unittest.defaultTestLoader.loadTestsFromNames(chosen)
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=CountingResult)
    result = runner.run(suite)
    failed = len(result.failures) + len(result.errors)
    skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
    print(f"{result.passed} passed, {failed} failed{skipped}")
    return 1 if failed or result.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
