import { Cart } from './types';

export const Sum = (c: Cart) => c.total;
