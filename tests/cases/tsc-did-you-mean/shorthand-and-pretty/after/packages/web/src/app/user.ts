import { makeUser, UserKind } from './user';

const naem = 'Ada';
export const ada = makeUser({ name: naem, kind: 'admin' });
export const { email: emial } = ada;
export const all = Promise.all([ada, emial]);
