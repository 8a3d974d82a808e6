/*
 * Copyright (c) The Lamp Authors. All rights reserved.
 * Licensed under the MIT licence.
 */
export const c = 1;
