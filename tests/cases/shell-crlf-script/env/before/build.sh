#!/usr/bin/env sh
echo built
