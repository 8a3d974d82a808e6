#!/opt/missing/sh
echo built
