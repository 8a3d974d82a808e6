const env = process.env;
export const home = env.HOME ?? env?.USERPROFILE;
export const path = process.env.PATH!.split(":");
