"""Prints what every operation answered, and fails when one of them never succeeded."""

import json
import sys

document, answers = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:3])
operations = [one["operationId"] for item in document["paths"].values() for one in item.values() if isinstance(one, dict)]
never = []
for operation in operations:
    counted = answers.get(operation, {})
    if not any(status.startswith("2") for status in counted):
        never.append(operation)
    print(f"{operation:28} " + "  ".join(f"{status}: {counted[status]}" for status in sorted(counted)))
print(f"{len(operations)} operations, {sum(sum(counted.values()) for counted in answers.values())} calls")
if never:
    sys.exit("never succeeded: " + ", ".join(never))
