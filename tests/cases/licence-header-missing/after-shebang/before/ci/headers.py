# SPDX-FileCopyrightText: 2023 The Lamp Authors
# SPDX-License-Identifier: MIT

import sys
