export default { testMatch: ["<rootDir>/test/**/*.spec.js"], transform: {} };
