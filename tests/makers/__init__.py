"""What tests are made with: clips, models, cameras, servers, and the program as people call it."""
