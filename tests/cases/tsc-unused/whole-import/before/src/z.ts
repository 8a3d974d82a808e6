import { a, b } from './x';

import {
  c,
  d,
} from "./y"; // both

export const z = 1;
