export function descriptorText(base64: string): { readonly path: string; readonly text: string }
