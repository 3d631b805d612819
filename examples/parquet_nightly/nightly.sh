#!/bin/sh
# Checks a night's file before anyone reads it: from cron, or as a step of a pipeline.
#   nightly.sh FILE REPORT
# DRIFTLINE names the binary when it is not on the PATH.
set -u
here=$(dirname "$0")

"${DRIFTLINE:-driftline}" check "$1" --suite "$here/suite.yaml" --output "$2"
code=$?

case $code in
    0) echo "publish: all held" ;;
    1) echo "keep back: a critical check failed" ;;
    2) echo "publish, and look: only warnings failed" ;;
    *) echo "keep back: the check itself could not be done" ;;
esac

# A scheduler stops at what is not 0; warnings shall not stop it.
[ $code -eq 2 ] && exit 0
exit $code
