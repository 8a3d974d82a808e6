import f from './utils/formater';
