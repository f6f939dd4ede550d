/*
 * Two certificates for localhost, each signed by itself, with their keys. They are for tests alone, and hold from 2020
 * until 2120. For each, with a ca.cnf that asks for a commonName and gives subjectAltName DNS:localhost, IP:127.0.0.1
 * and IP:::1:
 *
 *   openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=first -keyout first.key -out first.csr
 *   openssl ca -batch -notext -config ca.cnf -selfsign -keyfile first.key -in first.csr \
 *     -startdate 20200101000000Z -enddate 21200101000000Z -out first.pem
 */

/** What the files of a TLS server hold, in PEM. */
export interface TestCertificate {
  /** Its subject's common name. */
  readonly name: string;
  readonly cert: string;
  readonly key: string;
}

export const firstCertificate: TestCertificate = {
  name: 'first',
  cert: `-----BEGIN CERTIFICATE-----
MIIBgDCCASagAwIBAgIQfelujcj/La1ggsRxBdQRVjAKBggqhkjOPQQDAjAQMQ4w
DAYDVQQDDAVmaXJzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFow
EDEOMAwGA1UEAwwFZmlyc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAThjAWZ
G8udnf3fhRmyDW0+20+oltjdd4ZNw9RBj3+dcXDFiODVmjwpTycal6JM9iZzfNfo
Z7YkOwsmOW5ZFPppo2AwXjAPBgNVHRMBAf8EBTADAQH/MCwGA1UdEQQlMCOCCWxv
Y2FsaG9zdIcEfwAAAYcQAAAAAAAAAAAAAAAAAAAAATAdBgNVHQ4EFgQUH5nKfkqv
LrE9+pxlS6DAN7KAQbIwCgYIKoZIzj0EAwIDSAAwRQIhAKRpid042xELBuh78tpW
ssk//ZdgV0qGD42hlPfxJK05AiBHVnaJjvJSHdQq9eeMS418zjbMvZ7SbjdJy0AO
lvrj1A==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgU3O2lBcG7q372tKQ
2QLHBTnYMosS02y5nGSPAamBMDihRANCAAThjAWZG8udnf3fhRmyDW0+20+oltjd
d4ZNw9RBj3+dcXDFiODVmjwpTycal6JM9iZzfNfoZ7YkOwsmOW5ZFPpp
-----END PRIVATE KEY-----
`,
};

export const secondCertificate: TestCertificate = {
  name: 'second',
  cert: `-----BEGIN CERTIFICATE-----
MIIBgjCCASmgAwIBAgIRAIYWjATBjWZcQEa/J3y+O4MwCgYIKoZIzj0EAwIwETEP
MA0GA1UEAwwGc2Vjb25kMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAw
WjARMQ8wDQYDVQQDDAZzZWNvbmQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQY
/DnxRTkSKOfnImz8gNjlR7YRNJ1lG//V1ClIRbni8AgIeLsFpQzamU9Fh6Oo0uKX
FCrIfQsdtS0iyUw3tOKoo2AwXjAPBgNVHRMBAf8EBTADAQH/MCwGA1UdEQQlMCOC
CWxvY2FsaG9zdIcEfwAAAYcQAAAAAAAAAAAAAAAAAAAAATAdBgNVHQ4EFgQUVP1E
imxfi1xJHTBetCTbLCcBQrcwCgYIKoZIzj0EAwIDRwAwRAIgBZ4t6hR866zGkU03
4WRCg/SBQRxJVEXUbGxF0gTqR8MCID3JMHacza91wsDbABuLNTsEIDqpRQPtzxU4
6+4Djx3P
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbsU2m+DEiwi83rS7
UHrCqp6PCwteLDarMExW+9X/5aKhRANCAAQY/DnxRTkSKOfnImz8gNjlR7YRNJ1l
G//V1ClIRbni8AgIeLsFpQzamU9Fh6Oo0uKXFCrIfQsdtS0iyUw3tOKo
-----END PRIVATE KEY-----
`,
};
