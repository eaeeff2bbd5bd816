#!/usr/bin/env bash
# run.sh [ARGUMENTS OF dotnet test …]: runs the tests of the solution, and those of infra if their packages are available.
# Ends with a line for each test that failed or hung, and one line: N passed, N failed, N skipped.
set -uo pipefail
cd "$(dirname "$0")/.."
results=artifacts/test-results
rm -rf "$results" && mkdir -p "$results"
status=0

# A program in which no test ends for the time of --hangdump-timeout is stopped.
options=(--results-directory "$PWD/$results" --report-xunit-trx --hangdump --hangdump-type None)

# Two test programs at a time: while one runs ffmpeg, the other often waits.
dotnet test --solution Reelseal.slnx --no-build --max-parallel-test-modules 2 "${options[@]}" "$@" || status=1

if dotnet restore infra/Infra.slnx >"$results/infra-restore.log" 2>&1; then
  dotnet test --solution infra/Infra.slnx "${options[@]}" || status=1
elif ! grep -q 'NU110[0-9].*Pulumi' "$results/infra-restore.log"; then
  cat "$results/infra-restore.log"
  status=1
else
  echo "infra: its tests were skipped, because Pulumi.Aws is not available from this machine's package source"
fi

count() { cat "$results"/*.trx | grep -o "<Counters [^>]*" | grep -o " $1=\"[0-9]*\"" | awk -F'"' '{ sum += $2 } END { print sum + 0 }'; }
total=$(count total) passed=$(count passed) failed=$(count failed) errors=$(count error)
# Each result is one element; its reason stands in the lines after it.
cat "$results"/*.trx | grep -o '<UnitTestResult [^>]*outcome="Failed"[^>]*>' | grep -o 'testName="[^"]*"' | sed 's/testName="\(.*\)"/failed: \1/'
# A program that was stopped left a list for each of its processes: the tests that ran, with the time since they began. A fixture that hangs is in none.
cat "$results"/*_hang.log 2>/dev/null | sort -u | sed 's/^/hung: /'
# A test program that died left no count of the test it died in.
[ "$status" = 0 ] || [ "$((failed + errors))" -gt 0 ] || failed=1
echo "$passed passed, $((failed + errors)) failed, $((total - passed - failed - errors)) skipped"
[ "$status" = 0 ]
