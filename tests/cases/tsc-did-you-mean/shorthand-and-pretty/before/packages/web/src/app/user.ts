import { makeUser, UserKind } from './user';

const naem = 'Ada';
export const ada = makeUser({ naem, kind: 'admn' });
export const { emial } = ada;
export const all = Promse.all([ada, emial]);
