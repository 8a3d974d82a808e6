import react from 'eslint-plugin-react';
