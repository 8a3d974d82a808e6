#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2024 The Lamp Authors
# SPDX-License-Identifier: MIT

print("new")
