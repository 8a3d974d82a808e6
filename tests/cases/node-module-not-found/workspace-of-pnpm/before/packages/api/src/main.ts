import { format } from 'date-fns';
