import m from 'shared/money';
