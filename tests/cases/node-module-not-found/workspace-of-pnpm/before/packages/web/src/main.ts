import { format } from 'date-fns/format';
