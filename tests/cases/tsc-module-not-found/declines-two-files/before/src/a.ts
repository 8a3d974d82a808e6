import m from './Money';
