import '@/money';
