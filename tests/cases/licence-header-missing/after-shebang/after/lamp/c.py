# SPDX-FileCopyrightText: 2024 The Lamp Authors
# SPDX-License-Identifier: MIT
# About c.

C = 1
