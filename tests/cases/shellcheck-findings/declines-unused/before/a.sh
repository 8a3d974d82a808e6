#!/bin/sh
name=$1
rm $1
