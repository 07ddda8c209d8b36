"""What the black-box tests are made of: certificates, upstreams, clients, and the processes under test."""
