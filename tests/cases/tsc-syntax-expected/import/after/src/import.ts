import { a, b } from './x';

export const c = a + b;
