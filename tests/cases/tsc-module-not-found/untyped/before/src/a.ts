import ms from 'ms';
