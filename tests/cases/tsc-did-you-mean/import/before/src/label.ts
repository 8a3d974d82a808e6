import {
  formatDate,
  parsDate as parse,
  fomatTime,
} from './dates';
// fomatTime is for people
export { fomatMoney } from './money';

export const label = (date: string) => `${formatDate(parse(date))} fomatTime ${fomatTime(date)}`;
