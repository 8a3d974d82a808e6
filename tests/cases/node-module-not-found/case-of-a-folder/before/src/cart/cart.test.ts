import { Button } from '../Components/Button.styles';
jest.mock('../Components/Button.styles');
