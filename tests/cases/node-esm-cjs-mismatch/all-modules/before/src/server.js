import http from 'node:http';
export const start = () => {};
