import f from './utils/formatter';
